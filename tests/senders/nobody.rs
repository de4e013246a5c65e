//! Samples that `connectors infer` and `connectors record` keep: nobody of the original is left in their bytes.

use std::io::{Cursor, Read as _};
use std::path::Path;

use rust_xlsxwriter::Workbook;
use serde_json::Value;

use super::generator::{Form, Sample};
use crate::register::platform::{FIRST, Platform};
use crate::test_env::{Services, TestEnv};

/// Returns all text of a file: its bytes, or the bytes of all members of an archive, in UTF-8 and in GB18030.
fn all_texts(bytes: &[u8]) -> Vec<String> {
    let mut parts = vec![bytes.to_vec()];
    if let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) {
        for at in 0..archive.len() {
            let mut content = vec![];
            archive.by_index(at).unwrap().read_to_end(&mut content).unwrap();
            parts.push(content);
        }
    }
    let both =
        |part: &Vec<u8>| [String::from_utf8_lossy(part).into_owned(), encoding_rs::GB18030.decode(part).0.into_owned()];
    parts.iter().flat_map(both).collect()
}

fn assert_nobody_left(what: &str, originals: &[String], bytes: &[u8]) {
    for text in all_texts(bytes) {
        for original in originals {
            assert!(!text.contains(original.as_str()), "{what}: {original} is left in {text}");
        }
    }
}

/// Everybody in a sample: in its records, titles, notes, signatures and other sheets.
fn everybody(sample: &Sample) -> Vec<String> {
    let rows = sample.rows.iter().map(|row| &row.person);
    rows.chain(&sample.others).flat_map(|p| [p.name.clone(), p.id_number.clone(), p.phone.clone()]).collect()
}

#[test]
fn nobody_is_left_in_a_kept_sample() {
    let house = TestEnv::new(Services::Sqlite);
    for seed in 900..900 + Form::ALL.len() as u64 {
        let sample = Sample::generate(seed);
        let what = format!("{} {:?}", sample.name, sample.form);
        let (file, out) = (house.dir.0.join(&sample.name), house.dir.0.join(format!("k{seed}")));
        std::fs::write(&file, &sample.bytes).unwrap();
        let (file, place) = (file.to_str().unwrap(), out.to_str().unwrap());
        let id = format!("k{seed}");
        let told =
            house.run_json(&["connectors", "infer", file, "--out", place, "--id", &id, "--with-sample", "--json"]);
        assert!(told["sample_refused"].is_null(), "{what}: {told}");
        let kept = Path::new(told["sample_written"].as_str().unwrap());
        assert_eq!(kept.extension().unwrap().to_str(), Some(sample.form.ending()), "{what}");
        let bytes = std::fs::read(kept).unwrap();
        let names: Vec<String> = everybody(&sample);
        assert!(all_texts(&sample.bytes).iter().any(|text| text.contains(&names[0])), "{what}: {}", names[0]);
        assert_nobody_left(&what, &names, &bytes);
        // As many records are read from it as from the original, with the same results.
        let summary = |page: &str| {
            let out = house.run(&["connectors", "preview", place, "--sample", page, "--json"]);
            serde_json::from_slice::<Value>(&out.stdout).map_or(Value::Null, |told| told["summary"].clone())
        };
        assert_eq!(summary(kept.to_str().unwrap()), summary(file), "{what}");
    }
}

/// Old workbooks are kept as .xlsx, numbers that Excel has rounded are replaced, and sheets that are not read are masked.
#[test]
fn what_offices_send_becomes_a_sample() {
    let house = TestEnv::new(Services::Sqlite);
    let manifest = |folder: &str, text: &str| {
        let folder = house.dir.0.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("manifest.toml"), text).unwrap();
        folder
    };
    let record = |file: &Path, folder: &Path| {
        let args = ["connectors", "record", "--sample", file.to_str().unwrap(), "--into", folder.to_str().unwrap()];
        let told = house.run_json(&[&args[..], &["--json"]].concat());
        let tested = house.run(&["connectors", "test", folder.to_str().unwrap(), "--accept"]);
        assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
        (told.clone(), std::fs::read(told["written"].as_str().unwrap()).unwrap())
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lego = manifest("lego", &std::fs::read_to_string(root.join("connectors/lego/manifest.toml")).unwrap());
    let (told, bytes) = record(&root.join("tests/workbooks/LEGO_20150331.xls"), &lego);
    assert!(told["rewritten"] == true && told["written"].as_str().unwrap().ends_with("LEGO_20150331.xlsx"), "{told}");
    assert_nobody_left("xls", &["220113196511300036".into(), "22011319651130003".into()], &bytes);

    let head = "manifest = 1\nid = \"t\"\nversion = 1\ntitle_zh = \"t\"\ntitle_en = \"t\"\nprofile = \"t\"\n[transport]\n\
                kind = \"files\"\nnames = [\"*\"]\n[[stream]]\nname = \"s\"\nkind = \"course_completion\"\n";
    let rest = "record_key = [\"证号\", \"课程\"]\nversion = { from = \"landing\" }\npass = \"pending\"\n[stream.map]\n\
                name = \"姓名\"\nid_number = \"证号\"\ncourse_code = \"课程\"\nperiod_end = \"日期\"\n\
                hours = { path = \"学时\", unit = \"class_hour\" }\n";
    let layout = "layout = { header = [\"姓名\", \"证号\"], end_markers = [\"合计\"] }";
    let book = format!("{head}format = {{ kind = \"workbook\", sheets = \"名单\", {layout} }}\n{rest}");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("名单").unwrap();
    let rows =
        [("令狐望舒", "220102199003045018", 12.0), ("万俟景行", "", 20.0), ("Zhang Wenbo", "220203198107150728", 8.0)];
    sheet.write_string(0, 0, "填报人澹台攸宁").unwrap();
    for (x, name) in ["姓名", "证号", "课程", "学时", "日期", "备注"].iter().enumerate() {
        sheet.write_string(1, x as u16, *name).unwrap();
    }
    for ((name, id, hours), y) in rows.iter().zip(2_u32..) {
        sheet.write_string(y, 0, *name).unwrap();
        match id.is_empty() {
            true => sheet.write_number(y, 1, 220_381_196_512_044_992_i64 as f64).unwrap(),
            false => sheet.write_string(y, 1, *id).unwrap(),
        };
        sheet.write_string(y, 2, "新课标").unwrap();
        sheet.write_number(y, 3, *hours).unwrap();
        sheet.write_string(y, 4, "2021-05-06").unwrap();
        sheet.write_string(y, 5, "原名端木采薇，宅电88512345").unwrap();
    }
    sheet.set_row_hidden(3).unwrap();
    sheet.write_string(6, 0, "合计").unwrap();
    sheet.write_string(7, 0, "校长：濮阳思齐 Principal Puyang Siqi").unwrap();
    let other = workbook.add_worksheet().set_name("诸葛鹿鸣").unwrap();
    other.write_string(0, 0, "诸葛鹿鸣").unwrap();
    other.write_number(0, 1, 220_102_197_001_011_232_i64 as f64).unwrap();
    let properties = rust_xlsxwriter::DocProperties::new().set_author("邬静姝").set_comment("由邬静姝制作");
    workbook.set_properties(&properties);
    let file = house.dir.0.join("名单.xlsx");
    std::fs::write(&file, workbook.save_to_buffer().unwrap()).unwrap();
    let folder = manifest("book", &book);
    let (told, bytes) = record(&file, &folder);
    assert_eq!((told["names"].as_u64(), told["id_numbers"].as_u64()), (Some(3), Some(3)), "{told}");
    let originals = [
        "令狐望舒",
        "220102199003045018",
        "万俟景行",
        "220381196512044",
        "2.2038119651204",
        "Zhang",
        "Wenbo",
        "220203198107150728",
        "澹台",
        "攸宁",
        "端木",
        "采薇",
        "88512345",
        "濮阳",
        "思齐",
        "Puyang",
        "Siqi",
        "诸葛",
        "鹿鸣",
        "22010219700101123",
        "2.2010219700101",
        "邬静姝",
    ];
    assert_nobody_left("workbook", &originals.map(str::to_owned), &bytes);
    let preview = house.run_json(&["connectors", "preview", folder.to_str().unwrap(), "--json"]);
    // One has a wrong check digit, and still has one.
    assert_eq!(preview["summary"]["reasons"]["id_number.stored_as_number"], 1, "{preview}");
    assert_eq!(preview["summary"]["reasons"]["id_number.check_digit"], 1, "{preview}");

    let damaged = manifest("damaged", &format!("{head}format = {{ kind = \"csv\", {layout} }}\n{rest}"));
    let text = "县教育局 逯维桢 填\n姓名,证号,课程,学时,日期,备注\n仇晏如,2.20102E+17,新课标,10,2021-05-06,乜若谷代\n\
                莘听澜,220102199003045000,新课标,12,2021-05-07,\n申屠若水,220203198107150728,新课标,12,2021-05-07,\n";
    let file = house.dir.0.join("damaged.csv");
    std::fs::write(&file, text).unwrap();
    let (_, bytes) = record(&file, &damaged);
    let originals = ["逯维桢", "仇晏如", "乜若谷", "莘听澜", "220102199003045", "2.20102E+17", "申屠若水"];
    assert_nobody_left("damaged", &originals.map(str::to_owned), &bytes);
    assert!(String::from_utf8_lossy(&bytes).contains("姓名,证号,课程,学时,日期,备注"), "the header stays");
}

/// A sample of a source's platform is fetched with the source's credentials, which go nowhere else.
#[test]
fn a_sample_is_fetched_with_the_credentials_of_a_source() {
    let house = TestEnv::new(Services::Sqlite);
    let platform = Platform::start(FIRST);
    let settings = format!(
        "[[source]]\nname = \"county\"\nconnector = \"intel\"\ninstitution_code = \"I\"\nbase_url = \"{}\"\nuser = \"first-user\"\npassword_env = \"COUNTY\"\n",
        platform.url
    );
    let config = house.dir.0.join("huiliu.toml");
    std::fs::write(&config, settings).unwrap();
    assert!(house.run(&["migrate"]).status.success());
    let run = |sample: &str| {
        let args = ["connectors", "infer", sample, "--source", "county", "--id", "c", "--json", "--config"];
        let mut command = house.command(&args);
        command.arg(&config).env("COUNTY", "Erste-Losung-7141").output().unwrap()
    };
    let out = run("/intel/records.xml?district=2201");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let manifest = told["manifest"].as_str().unwrap();
    assert!(manifest.contains("path = \"/intel/records.xml\"") && told["records"] == 3, "{told}");
    assert!(!told.to_string().contains("Losung") && !told.to_string().contains("first-user"), "{told}");
    let out = run("http://127.0.0.1:9/elsewhere.xml");
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(2) && told.contains("not on the platform of the source county"), "{told}");
}
