"""What a signed-in person sees, adds and takes away of their own second factors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchword.account.admission import Admission
from watchword.account.factors import AccountFactors, Besides, nothing
from watchword.account.models import Asker
from watchword.core.context import RequestContext
from watchword.factors.errors import FactorNotEnabled
from watchword.factors.models import Choice, Pending, PendingTotp, SavedFactor, Standing
from watchword.factors.recovery_codes import new_codes
from watchword.notices.service import ADDED, REMOVED, Change, Notices
from watchword.oidc.management_access import Unauthorized
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.sections import MfaFactor
from watchword.storage import Database
from watchword.users.models import User

SCOPE = "identities"


@dataclass(frozen=True, kw_only=True)
class OwnFactors:
    """The second factors of whoever asks, for the account's pages and the Account API alike."""

    admission: Admission
    factors: AccountFactors
    sign_in: SignInSettings
    notices: Notices

    async def standing(self, asker: Asker) -> Standing:
        """Return what the person has, what the tenant offers, and whether they are asked for it."""
        self._show(asker)
        return Standing(
            mfa=self.sign_in.mfa,
            user=asker.user,
            saved=await self.factors.list(asker.user.id),
            pending=Pending(),
            amr=(),
            is_sign_up=False,
        )

    async def list(self, asker: Asker) -> Sequence[SavedFactor]:
        """Return what the person has set up; a number or an address is not among it."""
        self._show(asker)
        return (await self.factors.list(asker.user.id)).all

    async def new_totp(self, asker: Asker) -> PendingTotp:
        """Return a new secret for an authenticator app; nothing is kept of it."""
        await self.admit(asker)
        self._require_offered("Totp")
        return self.factors.new_totp()

    async def new_codes(self, asker: Asker) -> tuple[str, ...]:
        """Return new recovery codes; nothing is kept of them."""
        await self.admit(asker)
        self._require_offered("BackupCode")
        return new_codes()

    async def add_totp(
        self,
        asker: Asker,
        secret: str,
        code: str | None,
        context: RequestContext,
        *,
        replaces: bool = False,
    ) -> SavedFactor:
        """Give the person an authenticator app; with *code*, only if the app shows it now.

        Raises InvalidTotpSecret, InvalidTotpCode, TooManyAttempts, TotpAlreadyInUse.
        """
        await self.admit(asker)
        self._require_offered("Totp")
        user_id = asker.user.id
        totp = self.factors.new_totp(secret)
        if code is not None:
            totp = await self.factors.factors.prove(totp, user_id, code)
        await self.notices.spend_everywhere(asker.user)
        told = self._telling(ADDED["Totp"], context)
        return await self.factors.add_totp(
            asker.actor, user_id, totp, replaces=replaces, besides=told
        )

    async def add_codes(
        self,
        asker: Asker,
        codes: Sequence[str],
        context: RequestContext,
        *,
        replaces: bool = False,
    ) -> None:
        """Give the person these recovery codes; earlier ones stop working.

        Raises RecoveryCodesAlone and, unless they replace some, RecoveryCodesAlreadyInUse.
        """
        await self.admit(asker)
        self._require_offered("BackupCode")
        await self.notices.spend_everywhere(asker.user)
        told = self._telling(ADDED["BackupCode"], context)
        await self.factors.add_codes(
            asker.actor, asker.user.id, codes, replaces=replaces, besides=told
        )

    async def remove(self, asker: Asker, factor_id: str, context: RequestContext) -> None:
        """Take a factor away; raises FactorNotFound."""
        await self.admit(asker)
        await self.notices.spend_everywhere(asker.user)
        await self.factors.remove(
            asker.actor,
            asker.user.id,
            factor_id,
            lambda factor: self._telling(REMOVED[factor.type], context),
        )

    def choice(self, asker: Asker) -> Choice:
        """Return what the person said about second factors."""
        self._show(asker)
        return Choice.of(asker.user.mfa)

    async def choose(
        self, asker: Asker, decide: Callable[[Choice], Choice], context: RequestContext
    ) -> Choice:
        """Write down what the person says; where the tenant insists, it changes nothing."""
        await self.admit(asker)
        if _switches_off(said := Choice.of(asker.user.mfa), decide(said)):
            await self.notices.spend_everywhere(asker.user)

        def besides(said: Choice, says: Choice) -> Besides:
            if _switches_off(said, says):
                return self._telling("second_step_off", context)
            return nothing

        return await self.factors.choose(asker.actor, asker.user.id, decide, besides)

    async def admit(self, asker: Asker) -> None:
        """Let those pass who may change their factors and have just proved who they are."""
        await self.admission.to_change(asker, "mfa", scope=SCOPE, refusal=Unauthorized)

    def offers(self, factor: MfaFactor) -> bool:
        """Tell whether the tenant offers this factor."""
        return factor in self.sign_in.mfa.factors

    def _telling(self, change: Change, context: RequestContext) -> Besides:
        language = self.admission.step_up.language(context)

        async def tell(tx: Database, user: User) -> None:
            await self.notices.tell_everywhere(user, change, language=language, tx=tx)

        return tell

    def _show(self, asker: Asker) -> None:
        self.admission.to_see(asker, "mfa", scope=SCOPE, refusal=Unauthorized)

    def _require_offered(self, factor: MfaFactor) -> None:
        if not self.offers(factor):
            raise FactorNotEnabled


def _switches_off(said: Choice, says: Choice) -> bool:
    """Tell whether somebody who was asked for a second step is so no more."""
    return (says.skip_on_sign_in and not said.skip_on_sign_in) or (
        said.enabled and not says.enabled
    )
