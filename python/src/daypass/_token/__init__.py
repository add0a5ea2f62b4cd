"""The policy of access tokens: how they are read, and what makes one hold."""
