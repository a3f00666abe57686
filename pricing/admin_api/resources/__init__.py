"""One module per topic, with the serializers and viewsets of its tables."""
