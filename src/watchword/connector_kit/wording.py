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
        UsageType.ORGANIZATION_INVITATION: "{{code}} is your code to accept the invitation. "
        "Valid for {{minutes}} min. Don't share it.",
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
        UsageType.ORGANIZATION_INVITATION: "초대 수락 인증번호 {{code}}. "
        "{{minutes}}분간 유효, 남에게 알려주지 마세요.",
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
