"""Code examples for each operation of the OpenAPI document: curl, Python and JavaScript. Tests run them all."""
