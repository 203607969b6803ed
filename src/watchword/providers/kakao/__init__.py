"""Kakao."""
