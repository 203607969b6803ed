"""The texts that templates start with, in English and Korean."""

from watchword.connector_kit.models import UsageType

# Each fits into one segment with a six-digit code and an origin line of ordinary length. Saying
# that nobody else needs the code is the cheapest defence against people who ask for it.
DEFAULTS: dict[str, dict[UsageType, str]] = {
    "en": {
        UsageType.SIGN_IN: "{{code}} is your code to sign in. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.REGISTER: "{{code}} is your code to sign up. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.FORGOT_PASSWORD: "{{code}} is your code to reset your password. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.ORGANIZATION_INVITATION: "You are invited to {{organization}}. "
        "To accept: {{link}}",
        UsageType.GENERIC: "{{code}} is your verification code. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.USER_PERMISSION_VALIDATION: "{{code}} is your code to confirm that it is you. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.BIND_NEW_IDENTIFIER: "{{code}} is your code to add this number. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.MFA_VERIFICATION: "{{code}} is your code for the second step. "
        "Valid for {{minutes}} min. Don't share it.",
        UsageType.BIND_MFA: "{{code}} is your code to set up 2-step sign-in. "
        "Valid for {{minutes}} min. Don't share it.",
    },
    "ko": {
        UsageType.SIGN_IN: "로그인 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.REGISTER: "회원가입 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.FORGOT_PASSWORD: "비밀번호 재설정 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.ORGANIZATION_INVITATION: "{{organization}}에 초대받았습니다. 수락: {{link}}",
        UsageType.GENERIC: "인증번호 {{code}}. {{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.USER_PERMISSION_VALIDATION: "본인 확인 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.BIND_NEW_IDENTIFIER: "번호 등록 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.MFA_VERIFICATION: "2단계 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
        UsageType.BIND_MFA: "2단계 등록 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
    },
}


def default_templates(language: str = "en") -> list[dict[str, str]]:
    """Return a text for each usage type, in the contract's shape."""
    texts = DEFAULTS.get(language, DEFAULTS["en"])
    return [
        {"usageType": usage.value, "content": f"{text}\n{{{{origin_line}}}}"}
        for usage, text in texts.items()
    ]


# Subjects stand in the logs of many servers on the way, so no code is in one.
DEFAULT_EMAILS: dict[str, dict[UsageType, tuple[str, str]]] = {
    "en": {
        UsageType.SIGN_IN: ("Your code to sign in", "{{code}} is your code to sign in."),
        UsageType.REGISTER: ("Your code to sign up", "{{code}} is your code to sign up."),
        UsageType.FORGOT_PASSWORD: (
            "Your code to reset your password",
            "{{code}} is your code to reset your password.",
        ),
        UsageType.ORGANIZATION_INVITATION: (
            "You are invited to {{organization}}",
            "You are invited to join {{organization}}. To accept, open this link:\n\n{{link}}\n\n"
            "If you did not expect this, you need not do anything.",
        ),
        UsageType.GENERIC: ("Your verification code", "{{code}} is your verification code."),
        UsageType.USER_PERMISSION_VALIDATION: (
            "Your code to confirm that it is you",
            "{{code}} is your code to confirm that it is you.",
        ),
        UsageType.BIND_NEW_IDENTIFIER: (
            "Your code to add this email address",
            "{{code}} is your code to add this email address.",
        ),
        UsageType.MFA_VERIFICATION: (
            "Your code for the second step",
            "{{code}} is your code for the second step.",
        ),
        UsageType.BIND_MFA: (
            "Your code to set up 2-step sign-in",
            "{{code}} is your code to set up 2-step sign-in.",
        ),
    },
    "ko": {
        UsageType.SIGN_IN: ("로그인 인증번호", "로그인 인증번호는 {{code}}입니다."),
        UsageType.REGISTER: ("회원가입 인증번호", "회원가입 인증번호는 {{code}}입니다."),
        UsageType.FORGOT_PASSWORD: (
            "비밀번호 재설정 인증번호",
            "비밀번호 재설정 인증번호는 {{code}}입니다.",
        ),
        UsageType.ORGANIZATION_INVITATION: (
            "{{organization}} 초대",
            "{{organization}}에 초대받으셨습니다. 아래 링크를 열어 수락해 주세요.\n\n{{link}}\n\n"
            "예상하지 못한 초대라면 무시하셔도 됩니다.",
        ),
        UsageType.GENERIC: ("인증번호", "인증번호는 {{code}}입니다."),
        UsageType.USER_PERMISSION_VALIDATION: (
            "본인 확인 인증번호",
            "본인 확인 인증번호는 {{code}}입니다.",
        ),
        UsageType.BIND_NEW_IDENTIFIER: (
            "이메일 등록 인증번호",
            "이메일 등록 인증번호는 {{code}}입니다.",
        ),
        UsageType.MFA_VERIFICATION: ("2단계 인증번호", "2단계 인증번호는 {{code}}입니다."),
        UsageType.BIND_MFA: (
            "2단계 인증 등록 인증번호",
            "2단계 인증 등록 인증번호는 {{code}}입니다.",
        ),
    },
}
CLOSINGS = {
    "en": "It works for {{minutes}} min. Don't share it with anyone. "
    "If you did not ask for it, you can ignore this email.",
    "ko": "{{minutes}}분 동안 쓸 수 있습니다. 다른 사람에게 알려주지 마세요. "
    "요청하신 적이 없다면 이 메일을 무시하셔도 됩니다.",
}


def default_email_templates(language: str = "en") -> list[dict[str, str]]:
    """Return an e-mail for each usage type, in the contract's shape."""
    language = language if language in DEFAULT_EMAILS else "en"
    return [
        {
            "usageType": usage.value,
            "contentType": "text/plain",
            "subject": subject,
            "content": f"{text}\n\n{CLOSINGS[language]}" if "{{code}}" in text else text,
        }
        for usage, (subject, text) in DEFAULT_EMAILS[language].items()
    ]
