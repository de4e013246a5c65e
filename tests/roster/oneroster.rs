//! OneRoster archives, as a school information system exports them: bulk and delta, 1.1 and 1.2.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

use super::county::{BOTH, County, LI, WANG, ZHAO};
use crate::test_env::Services;

const ORGS: &str = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n";
const USERS_11: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n";
const USERS_12: &str = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns\n";
const ROLES: &str = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId\n";

fn build_archive(version: &str, mode: &str, tables: &[(&str, String)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, text: &str| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    };
    let files: String =
        tables.iter().map(|(name, _)| format!("file.{},{mode}\n", name.trim_end_matches(".csv"))).collect();
    put("manifest.csv", &format!("propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n{files}"));
    for (name, text) in tables {
        put(name, text);
    }
    zip.finish().unwrap().into_inner()
}

fn user_11(id: &str, status: &str, orgs: &str, role: &str, (number, name): (&str, &str)) -> String {
    let (family, given) = name.split_at(3);
    let (status, at) = status.split_once(' ').unwrap_or((status, ""));
    format!("{id},{status},{at},true,\"{orgs}\",{role},{id},,{given},{family},,{number},,,043188880001,,,\n")
}

fn user_12(id: &str, (number, name): (&str, &str)) -> String {
    let (family, given) = name.split_at(3);
    format!("{id},,,true,{id},,{given},{family},,{number},,,,,,,,,,,org-1,\n")
}

fn role_12(id: &str, status: &str, user: &str, role: &str, org: &str) -> String {
    let (status, at) = status.split_once(' ').unwrap_or((status, ""));
    format!("{id},{status},{at},{user},primary,{role},2010-09-01,,{org},\n")
}

fn orgs_csv() -> String {
    format!(
        "{ORGS}org-0,,,某县教育局,district,,\norg-1,,,实验小学,school,2122000001,org-0\norg-2,,,第二小学,school,2122000002,org-0\n"
    )
}

#[test]
fn version_1_1() {
    for on in BOTH {
        let county = County::new(on, "oneroster-v11");
        let users = user_11("u-1", "", "org-1,org-0", "teacher", WANG)
            + &user_11("u-2", "", "org-1", "student", LI)
            + &user_11("u-3", "", "org-9", "teacher", ZHAO);
        let bulk =
            build_archive("1.1", "bulk", &[("orgs.csv", orgs_csv()), ("users.csv", USERS_11.to_owned() + &users)]);
        county.drop_file("county", "a.zip", &bulk);
        let balance = county.sync();
        assert_eq!(
            (&balance["inserted"], &balance["skipped"], &balance["parked"]),
            (&3.into(), &2.into(), &1.into()),
            "{balance}"
        );
        assert_eq!(county.list_memberships(WANG.0), ["2122000001 .. open"]);
        assert!(county.show_teacher(LI.0, "2014-09-11").is_none(), "a pupil is not on the roster");
        assert_eq!(county.open_reasons(), ["school_ref.unknown"]);
        // A delta: one teacher has left, one has moved, and the missing school comes.
        let users = user_11("u-1", "tobedeleted 2014-09-11T00:00:00.000Z", "org-1", "teacher", WANG);
        let orgs = format!("{ORGS}org-9,active,2014-09-11T00:00:00.000Z,第九小学,school,2122000009,org-0\n");
        let delta = build_archive("1.1", "delta", &[("orgs.csv", orgs), ("users.csv", USERS_11.to_owned() + &users)]);
        county.drop_file("county", "b.zip", &delta);
        county.sync();
        assert_eq!(county.list_memberships(WANG.0), ["2122000001 ..2014-09-11 stated"]);
        assert_eq!(county.list_memberships(ZHAO.0), ["2122000009 .. open"], "taken up by itself");
        assert!(county.open_reasons().is_empty());
        let moved = user_11("u-3", "active 2099-09-11T00:00:00.000Z", "org-2", "teacher", ZHAO);
        let delta = build_archive(
            "1.1",
            "delta",
            &[("orgs.csv", ORGS.to_owned()), ("users.csv", USERS_11.to_owned() + &moved)],
        );
        county.drop_file("county", "c.zip", &delta);
        county.sync();
        assert_eq!(county.list_memberships(ZHAO.0), ["2122000009 ..2099-09-10 next", "2122000002 2099-09-11.. open"]);
    }
}

/// Tables may come with memberships first, memberships last, or schools first: the result is the same.
#[test]
fn version_1_2_in_any_order() {
    let users = USERS_12.to_owned() + &user_12("u-1", WANG) + &user_12("u-2", LI) + &user_12("u-3", ZHAO);
    let roles = ROLES.to_owned()
        + &role_12("r-1", "", "u-1", "teacher", "org-1")
        + &role_12("r-2", "", "u-2", "student", "org-1")
        + &role_12("r-3", "", "u-3", "teacher", "org-2");
    let tables = [("orgs.csv", orgs_csv()), ("users.csv", users), ("roles.csv", roles)];
    let empty = |name: &str| match name {
        "orgs.csv" => ORGS,
        "users.csv" => USERS_12,
        _ => ROLES,
    };
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let county = County::new(Services::Sqlite, "oneroster-v12");
        for (nth, at) in order.into_iter().enumerate() {
            let one: Vec<(&str, String)> = tables
                .iter()
                .enumerate()
                .map(|(n, (name, text))| (*name, if n == at { text.clone() } else { empty(name).to_owned() }))
                .collect();
            county.drop_file("county", &format!("{nth}.zip"), &build_archive("1.2", "bulk", &one));
            county.sync();
        }
        assert!(county.open_reasons().is_empty(), "{order:?}: {:?}", county.open_reasons());
        assert_eq!(county.list_memberships(WANG.0), ["2122000001 2010-09-01.. open"], "{order:?}");
        assert_eq!(county.list_memberships(ZHAO.0), ["2122000002 2010-09-01.. open"], "{order:?}");
        assert!(county.show_teacher(LI.0, "2014-09-11").is_none(), "{order:?}");
        let status = county.run_json(&["roster", "status"]);
        assert_eq!((&status["roster"], &status["provisional"]), (&2.into(), &0.into()), "{order:?}: {status}");
    }
}

#[test]
fn version_1_2_on_postgresql_with_a_role_that_ends() {
    let county = County::new(Services::Postgres, "oneroster-v12");
    let users = USERS_12.to_owned() + &user_12("u-1", WANG);
    let roles = ROLES.to_owned() + &role_12("r-1", "", "u-1", "teacher", "org-1");
    let all = [("orgs.csv", orgs_csv()), ("users.csv", users), ("roles.csv", roles)];
    county.drop_file("county", "a.zip", &build_archive("1.2", "bulk", &all));
    county.sync();
    assert_eq!(county.list_memberships(WANG.0), ["2122000001 2010-09-01.. open"]);
    let ended = ROLES.to_owned() + &role_12("r-1", "tobedeleted 2014-09-11T00:00:00.000Z", "u-1", "teacher", "org-1");
    let delta = [("orgs.csv", ORGS.to_owned()), ("users.csv", USERS_12.to_owned()), ("roles.csv", ended)];
    county.drop_file("county", "b.zip", &build_archive("1.2", "delta", &delta));
    county.sync();
    assert_eq!(county.list_memberships(WANG.0), ["2122000001 2010-09-01..2014-09-11 stated"]);
}
