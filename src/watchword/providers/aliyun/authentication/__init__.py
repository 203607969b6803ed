"""Alibaba Cloud's message authentication, with signs and templates that it lends."""
