//! Errors of public posts and comments, and of Instagram.

use super::GraphError;

impl GraphError {
    /// 10: the app lacks a permission for what it asked.
    pub fn app_permission() -> Self {
        Self::new(
            403,
            10,
            None,
            "(#10) Application does not have permission for this action",
        )
    }

    /// 200: the page may not do this to that object.
    pub fn permissions_error() -> Self {
        Self::new(403, 200, None, "(#200) Permissions error")
    }

    /// 506/1455006: the same post stands there already.
    pub fn duplicate_post() -> Self {
        Self::new(400, 506, Some(1_455_006), "(#506) Duplicate status message")
    }

    /// 100/2018292: there is no such comment to answer privately.
    pub fn invalid_comment() -> Self {
        Self::new(
            400,
            100,
            Some(2_018_292),
            "(#100) Invalid comment_id parameter",
        )
    }

    /// 10900: the comment was answered privately before.
    pub fn already_replied() -> Self {
        Self::new(400, 10900, None, "(#10900) Activity already replied to")
    }

    /// 10902: it cannot be answered privately, such as the page's own comment or one older than
    /// 7 days.
    pub fn not_replyable() -> Self {
        Self::new(
            400,
            10902,
            None,
            "(#10902) This is not a Replyable activity",
        )
    }

    /// 10/2534022: Instagram's messaging window is closed.
    pub fn outside_instagram_window() -> Self {
        Self {
            kind: "IGApiException",
            ..Self::new(
                403,
                10,
                Some(2_534_022),
                "This message is sent outside of allowed window.",
            )
        }
    }

    /// 100/2534014: nobody has this id for this Instagram account.
    pub fn no_such_instagram_user() -> Self {
        Self {
            kind: "IGApiException",
            ..Self::new(
                400,
                100,
                Some(2_534_014),
                "The requested user cannot be found.",
            )
        }
    }

    /// 230: a person who never wrote a message has not agreed to show the profile.
    pub fn consent_required() -> Self {
        Self {
            kind: "IGApiException",
            ..Self::new(
                400,
                230,
                None,
                "User consent is required to access user profile",
            )
        }
    }
}
