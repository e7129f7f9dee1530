"""What a run found, shown: an HTML file for the board, tables for a spreadsheet, a page for the terminal."""
