"""The data itself: copies, drift, wrong labels, writers, and labelled sets from elsewhere."""
