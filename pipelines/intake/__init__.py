"""What came, taken in: rows cut into slices, judged by the gate, brought to standard units, written once; and which release is current."""
