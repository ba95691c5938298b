"""What a measured number says: intervals, plain metrics, comparisons, networks asked together, cross-validation."""
