"""How the steps of each type are carried out: begun, looked at, and stopped, without waiting."""
