"""Small inputs that once led to wrong prices, each with the correct value; the tests name the files of `files/`."""
