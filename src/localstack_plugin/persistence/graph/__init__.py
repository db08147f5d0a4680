"""Objects as data: a document in JSON that holds values, never code."""
