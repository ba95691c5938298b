"""One file a command, named after it; what a command needs is loaded when it runs."""
