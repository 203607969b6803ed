"""NAVER Cloud SENS: texts in Korea."""
