"""Models, endpoint configurations and endpoints, and the containers that serve them."""
