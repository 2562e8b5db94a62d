"""What the targets of the issues are measured with, one module each."""
