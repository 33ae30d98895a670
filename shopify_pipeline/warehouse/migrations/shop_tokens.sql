create table ops.shop_tokens (
    shop text not null,
    sealed bytea,
    stored_at timestamptz,
    constraint shop_tokens_pkey primary key (shop),
    constraint shop_tokens_stored check ((sealed is null) = (stored_at is null))
);
comment on table ops.shop_tokens is 'One row per shop whose refresh token changes at every use: access and refresh token, sealed with token_key_file. The row''s lock is the lock of a refresh.';
