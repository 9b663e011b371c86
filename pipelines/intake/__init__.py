"""What came, taken in: rows sliced, judged by the gate, brought to standard units, written once; and which release is current."""
