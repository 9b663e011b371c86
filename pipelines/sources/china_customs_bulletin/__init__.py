"""China's customs bulletin and query platform, as printed by agencies and trade press."""
