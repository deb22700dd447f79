//! Recorded calls, natively and as the built component in the real sandbox.

#[test]
fn golden() {
    linecard_testkit::check_connector::<linecard_whatsapp::WhatsApp>(
        linecard_testkit::this_crate!(),
    );
}
