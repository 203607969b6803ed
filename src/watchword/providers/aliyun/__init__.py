"""Alibaba Cloud's two message services, which share an account, a signature and error codes."""
