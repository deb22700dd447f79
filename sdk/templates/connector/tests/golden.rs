//! The cases in `tests/golden/`, natively and, with the feature `sandbox`, as the built component in the
//! sandbox.

#[test]
fn golden() {
    linecard_testkit::check_connector::<acme_connector::Acme>(linecard_testkit::this_crate!());
}
