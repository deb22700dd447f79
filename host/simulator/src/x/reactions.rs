//! Likes, reposts and follows.

use serde_json::{Value, json};

use super::X;
use super::activity;
use super::api::Call;
use super::errors::XError;
use super::posts::{Draft, id_in, place};
use super::read::id_of;
use super::state::{Post, State};

fn own(x: &X, id: &str) -> Result<(), XError> {
    if id == x.options.user_id {
        return Ok(());
    }
    Err(XError::invalid(
        "id",
        id,
        format!(
            "The `id` query parameter value [{id}] must be the same as the authenticating user [{}]",
            x.options.user_id
        ),
    ))
}

fn target(call: &Call, name: &str) -> Result<u64, XError> {
    let body = call.json(&[name])?;
    id_in(&body, &format!("/{name}"))?.ok_or_else(|| {
        XError::invalid(name, "", format!("$.{name}: is missing but it is required"))
    })
}

/// Whom a customer's record of a reaction is kept with.
fn react(x: &X, post: &Post, word: Option<&str>) {
    x.world.customers.change(&post.author, |customer| {
        let turn = customer
            .conversation
            .iter_mut()
            .find(|turn| turn.message_id == post.id.to_string());
        if let Some(turn) = turn {
            match word {
                Some(word) => turn
                    .reactions
                    .insert(x.options.user_id.clone(), word.to_owned()),
                None => turn.reactions.remove(&x.options.user_id),
            };
        }
    });
}

/// `POST /2/users/:id/likes`.
pub(crate) fn like(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    own(x, id)?;
    let number = target(call, "tweet_id")?;
    let mut state = x.state();
    if state.post(number).is_none() {
        return Err(XError::not_found("tweet", "tweet_id", &number.to_string()));
    }
    let liked = state.posts.get_mut(&number).map(|post| {
        post.likes.insert(id.to_owned());
        post.clone()
    });
    let happening = liked
        .as_ref()
        .map(|post| activity::like(x, &state, post, id));
    drop(state);
    if let Some(post) = liked {
        react(x, &post, Some("like"));
    }
    x.tell(happening.into_iter().collect());
    Ok(json!({ "data": { "liked": true } }))
}

/// `DELETE /2/users/:id/likes/:tweet_id`.
pub(crate) fn unlike(x: &X, id: &str, post: &str) -> Result<Value, XError> {
    own(x, id)?;
    let number = id_of("tweet_id", post)?;
    let found = x.state().posts.get_mut(&number).map(|post| {
        post.likes.remove(id);
        post.clone()
    });
    if let Some(post) = found {
        react(x, &post, None);
    }
    Ok(json!({ "data": { "liked": false } }))
}

/// Reposts for anybody; a second repost of a post by the same user is the first.
pub(crate) fn repost_by(state: &mut State, who: &str, number: u64, now: i64) -> Option<Post> {
    let original = state.post(number)?;
    let author = state
        .users
        .get(&original.author)
        .map(|user| user.username.clone())
        .unwrap_or_default();
    let text = format!("RT @{author}: {}", original.text);
    if let Some(known) = state
        .posts
        .values()
        .find(|post| post.author == who && post.reposts == Some(number) && !post.gone)
    {
        return Some(known.clone());
    }
    let placed = place(
        state,
        who,
        Draft {
            text,
            ..Draft::default()
        },
        now,
    );
    let post = state.posts.get_mut(&placed.id)?;
    post.reposts = Some(number);
    Some(post.clone())
}

/// `POST /2/users/:id/retweets`.
pub(crate) fn repost(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    own(x, id)?;
    let number = target(call, "tweet_id")?;
    let now = x.world.clock.now_ms();
    let mut state = x.state();
    let Some(post) = repost_by(&mut state, id, number, now) else {
        return Err(XError::not_found("tweet", "tweet_id", &number.to_string()));
    };
    let happenings = activity::of_post(x, &state, &post);
    drop(state);
    x.tell(happenings);
    Ok(json!({ "data": { "retweeted": true, "rest_id": post.id.to_string() } }))
}

/// `DELETE /2/users/:id/retweets/:tweet_id`.
pub(crate) fn unrepost(x: &X, id: &str, post: &str) -> Result<Value, XError> {
    own(x, id)?;
    let number = id_of("source_tweet_id", post)?;
    for post in x
        .state()
        .posts
        .values_mut()
        .filter(|post| post.author == id && post.reposts == Some(number))
    {
        post.gone = true;
    }
    Ok(json!({ "data": { "retweeted": false } }))
}

/// `POST /2/users/:id/following`.
pub(crate) fn follow(x: &X, id: &str, call: &Call) -> Result<Value, XError> {
    own(x, id)?;
    let who = target(call, "target_user_id")?.to_string();
    let mut state = x.state();
    if !state.users.contains_key(&who) {
        return Err(XError::not_found("user", "target_user_id", &who));
    }
    state.follows.insert((id.to_owned(), who.clone()));
    let happening = activity::follow(x, &state, id, &who, true);
    drop(state);
    x.tell(vec![happening]);
    Ok(json!({ "data": { "following": true, "pending_follow": false } }))
}

/// `DELETE /2/users/:id/following/:target`.
pub(crate) fn unfollow(x: &X, id: &str, who: &str) -> Result<Value, XError> {
    own(x, id)?;
    let mut state = x.state();
    state.follows.remove(&(id.to_owned(), who.to_owned()));
    let happening = activity::follow(x, &state, id, who, false);
    drop(state);
    x.tell(vec![happening]);
    Ok(json!({ "data": { "following": false } }))
}
