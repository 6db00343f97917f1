//! Tokens that do not hold. Each differs in one thing from one that does.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    fixture::{app, layer, send, status, tokens, with},
    signer::{ED, HMAC, Pair, RSA, but, claims, now, pairs, part},
};

fn router(pair: &Pair) -> axum::Router {
    app(layer().authenticate(tokens(pair.key())))
}

#[tokio::test]
async fn a_token_in_order_opens_its_tenant_under_each_kind_of_key() {
    for pair in pairs() {
        let answer = send(&router(pair), with(&pair.token(&claims()), "/x")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "7"), "{:?}", pair.algorithm);
    }
}

/// Attack (requests): a token that has expired, is not valid yet, is meant for somebody else, was
/// issued by somebody else, or does not say.
#[tokio::test]
async fn a_token_is_for_its_time_its_audience_and_its_issuer() {
    let refused = [
        but("exp", now() - 60),
        but("exp", now() - 11),
        but("exp", Value::Null),
        but("exp", "tomorrow"),
        but("exp", -1),
        but("nbf", now() + 60),
        but("nbf", "yesterday"),
        but("aud", "payroll"),
        but("aud", json!(["payroll", "mail"])),
        but("aud", json!([])),
        but("aud", Value::Null),
        but("aud", 7),
        but("iss", "https://id.example.org"),
        but("iss", "https://id.example.com/"),
        but("iss", Value::Null),
        but("iss", ""),
    ];
    let accepted = [
        but("exp", now() + 5),
        but("exp", now() - 2), // within the leeway
        but("nbf", Value::Null),
        but("nbf", now() + 5),
        but("aud", json!(["payroll", "invoices"])),
    ];
    for pair in pairs() {
        let app = router(pair);
        for claims in &refused {
            let answer = send(&app, with(&pair.token(claims), "/x")).await;
            assert_eq!(
                (answer.status, answer.problem()),
                (401, "invalid-credentials".into()),
                "{claims}"
            );
            assert_eq!(answer.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
        }
        for claims in &accepted {
            assert_eq!(status(&app, &pair.token(claims)).await, 200, "{claims}");
        }
    }
}

/// Attack (requests): a token without a signature, with `alg: none` in all its spellings.
#[tokio::test]
async fn a_token_without_a_signature_is_none() {
    let app = router(&RSA);
    let good = RSA.token(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    for algorithm in ["none", "None", "NONE", "nOnE", "", "HS0"] {
        let head = part(&json!({"alg": algorithm, "typ": "JWT"}));
        let body = part(&claims());
        for token in [
            format!("{head}.{body}."),
            format!("{head}.{body}.{signature}"),
            format!("{head}.{body}"),
        ] {
            assert_eq!(status(&app, &token).await, 401, "{algorithm}");
        }
    }
    assert_eq!(status(&app, &format!("{message}.")).await, 401);
    assert_eq!(status(&app, message).await, 401);
    assert_eq!(status(&app, &good).await, 200);
}

/// Attack (requests): a head that asks for what is not done here, or brings its own key.
#[tokio::test]
async fn a_head_neither_brings_a_key_nor_asks_for_extensions() {
    let app = router(&ED);
    let stranger = crate::signer::ed();
    let mut own = json!({"alg": "EdDSA", "jwk": stranger.jwk("x")});
    assert_eq!(status(&app, &stranger.sign(&own, &claims())).await, 401);
    own["jku"] = "https://evil.example/keys".into();
    assert_eq!(status(&app, &stranger.sign(&own, &claims())).await, 401);
    for extension in
        [json!({"crit": ["b64"], "b64": false}), json!({"zip": "DEF"}), json!({"enc": "A128GCM"})]
    {
        let mut head = json!({"alg": "EdDSA"});
        head.as_object_mut().unwrap().extend(extension.as_object().unwrap().clone());
        assert_eq!(status(&app, &ED.sign(&head, &claims())).await, 401, "{head}");
    }
    assert_eq!(
        status(&app, &ED.sign(&json!({"alg": "EdDSA", "typ": "at+jwt"}), &claims())).await,
        200
    );
}

/// Attack (requests): signed claims of another type than they should be.
#[tokio::test]
async fn a_claim_of_the_wrong_type_is_refused_and_not_guessed() {
    let app = router(&HMAC);
    for app_claim in [
        json!({"tenant": ""}),
        json!({"tenant": 0}),
        json!({"tenant": "acme"}),
        json!({"tenant": [7]}),
        json!({"tenant": 7.5}),
        json!({"tenant": true}),
        json!({"tenant": {"id": 7}}),
        json!({"tenant": "7 "}),
    ] {
        assert_eq!(
            status(&app, &HMAC.token(&but("app", app_claim.clone()))).await,
            401,
            "{app_claim}"
        );
    }
    for user in [json!(7), json!(["alice"]), json!(""), json!("alice\0"), Value::Null] {
        assert_eq!(status(&app, &HMAC.token(&but("sub", user.clone()))).await, 401, "{user}");
    }
    for epoch in [json!("3"), json!(1.5), json!({})] {
        assert_eq!(
            status(&app, &HMAC.token(&but("tenant_epoch", epoch.clone()))).await,
            401,
            "{epoch}"
        );
    }
    assert_eq!(status(&app, &HMAC.token(&but("app", json!({"tenant": "7"})))).await, 200);
}

/// Attack (requests): an oversized token. The twin is as long as may be.
#[tokio::test]
async fn a_token_of_more_than_8_kib_is_refused_however_good_it_is() {
    let app = router(&HMAC);
    let long = |pad: usize| HMAC.token(&but("pad", "x".repeat(pad)));
    assert!(long(6000).len() > 8192 && long(5800).len() <= 8192);
    assert_eq!(status(&app, &long(6000)).await, 401);
    assert_eq!(status(&app, &long(5800)).await, 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Attack (requests): a tampered token: any byte of it changed, cut, doubled or added.
    #[test]
    fn any_changed_byte_makes_a_token_worthless(
        which in 0..4_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), how in 0..4,
    ) {
        let pair = pairs()[which];
        let good = pair.token(&claims());
        let mut bad = good.clone().into_bytes();
        let at = at.index(bad.len());
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
        let letter = letters[usize::from(byte) % letters.len()];
        match how {
            0 => bad[at] = letter,
            1 => { bad.remove(at); }
            2 => bad.insert(at, letter),
            _ => bad.truncate(at),
        }
        let bad = String::from_utf8(bad).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let app = router(pair);
        let expected = if bad == good { 200 } else { 401 };
        prop_assert_eq!(runtime.block_on(status(&app, &bad)), expected, "{}", bad);
        prop_assert_eq!(runtime.block_on(status(&app, &good)), 200);
    }

    /// Attack (requests): claims changed under a signature that was good.
    #[test]
    fn a_tenant_written_over_the_signed_one_is_refused(tenant in 1..20_i64, which in 0..4_usize) {
        let pair = pairs()[which];
        let good = pair.token(&claims());
        let parts: Vec<&str> = good.split('.').collect();
        let mut changed = claims();
        changed["app"]["tenant"] = tenant.into();
        changed["jti"] = "another".into();
        let bad = format!("{}.{}.{}", parts[0], part(&changed), parts[2]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        prop_assert_eq!(runtime.block_on(status(&router(pair), &bad)), 401);
    }
}
