"""What all figures share: colours, the style sheet, and numbers as words."""
