"""NAVER."""
