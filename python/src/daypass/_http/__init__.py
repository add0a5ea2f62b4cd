"""What the frameworks' parts share: how a token comes in, and how a refusal goes out."""
