"""Reading what engineers have: files in any encoding, with every issue located and every repair told."""
