"""What an editor may show at a place of a file, worked out from values alone; no protocol, no files, no clock."""
