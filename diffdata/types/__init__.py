"""What a field type is: in text, in pandas, in Arrow and on engines."""
