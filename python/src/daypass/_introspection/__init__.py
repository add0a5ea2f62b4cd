"""Asking the site about a token, over HTTP."""
