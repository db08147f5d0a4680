"""Protection that several parts share. Standard library only: it knows no server, no AWS and no other part."""
