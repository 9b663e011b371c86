"""Trade by partner typed from public pages: monthly US lists, and single facts of China, Japan, Korea and Germany."""
