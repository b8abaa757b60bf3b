"""What all command lines share: messages, arguments, progress, plain text."""
