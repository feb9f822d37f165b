"""Pictures: plain data in, PNG bytes out. Importing a chart module does not load the drawing library yet."""
