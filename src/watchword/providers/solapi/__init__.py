"""SOLAPI, once CoolSMS: texts and Kakao Alimtalk in Korea."""
