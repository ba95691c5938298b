"""What a confidence is worth: reliability, temperature, prediction sets, and the threshold for "no digit"."""
