//! The cases in `tests/golden/`, natively and in the sandbox.

#[test]
fn golden() {
    linecard_testkit::check_analyzer::<linecard_influence::Influence>(
        linecard_testkit::this_crate!(),
    );
}
