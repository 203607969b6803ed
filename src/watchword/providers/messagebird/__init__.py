"""MessageBird, by now Bird: the SMS API of the older platform."""
