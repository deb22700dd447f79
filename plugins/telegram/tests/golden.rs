//! Recorded calls, natively and as the built component in the real sandbox.

#[test]
fn golden() {
    linecard_testkit::check_connector::<linecard_telegram::Telegram>(
        linecard_testkit::this_crate!(),
    );
}
