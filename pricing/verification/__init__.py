"""Compares list prices with public price books, and shows where each published figure comes from."""
