"""Applications: the OpenID Connect clients that people sign in to, and machines that call us."""
