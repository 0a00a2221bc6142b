use super::*;

#[test]
fn graphql_is_beside_the_rest_api_of_an_enterprise_server() {
    let check = |base_url: &str, expected: &str| {
        let settings = Settings { base_url: base_url.to_owned(), commit_author: None };
        let credentials = Credentials::Token { token: "t".into() };
        let options = Options::new().unwrap();
        let github = Github::new(&settings, credentials, RepositoryAccess::ReadContents, &options).unwrap();
        assert_eq!(github.graphql.base_url(), expected);
    };
    check("https://api.github.com", "https://api.github.com");
    check("https://git.acme.example/api/v3/", "https://git.acme.example/api");
}
