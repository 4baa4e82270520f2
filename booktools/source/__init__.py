"""Text of chapters -> what it says; imports nothing that runs or publishes."""
