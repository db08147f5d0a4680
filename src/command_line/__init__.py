"""The command `scones`, assembled from the commands of packages that do not import each other."""
