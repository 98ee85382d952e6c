; An installer for Windows, by Inno Setup 6. Not tested yet: written without a Windows at hand.
;
;   pip install -e .[training,dev]
;   python resources\packaging\package.py --only bundle
;   iscc /DVersion=0.1.0 resources\packaging\windows\mien.iss      ->  dist\mien-0.1.0-windows.exe
;
; It asks for no administrator: by default Mien is installed for the user alone.

#ifndef Version
  #error Give the version: iscc /DVersion=0.1.0 mien.iss
#endif
#define Root "..\..\.."

[Setup]
AppId={{7B3D9C52-5E0F-4C0B-9A35-6C2E6B1D4F8A}
AppName=Mien
AppVersion={#Version}
AppPublisher=The Mien authors
DefaultDirName={autopf}\Mien
DefaultGroupName=Mien
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile={#Root}\LICENSE
SetupIconFile={#Root}\resources\icons\mien.ico
UninstallDisplayIcon={app}\mien.exe
UninstallDisplayName=Mien
OutputDir={#Root}\dist
OutputBaseFilename=mien-{#Version}-windows
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
ChangesEnvironment=yes
ChangesAssociations=yes
CloseApplications=yes

[Languages]
Name: "english"; MessagesFile: "compiler:Default.isl"
Name: "korean"; MessagesFile: "compiler:Languages\Korean.isl"

[CustomMessages]
english.AddToPath=Let the command line find mien (adds its folder to PATH)
korean.AddToPath=명령줄에서 mien 사용 (PATH에 폴더 추가)
english.OpenWith=Offer Mien for photos under "Open with"
korean.OpenWith=사진의 "연결 프로그램"에 Mien 추가

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked
Name: "openwith"; Description: "{cm:OpenWith}"
Name: "path"; Description: "{cm:AddToPath}"; Flags: unchecked

[InstallDelete]
; An earlier version's files must not mix with this one's.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Root}\dist\mien\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\Mien"; Filename: "{app}\mien.exe"; AppUserModelID: "org.mien.Mien"
Name: "{autodesktop}\Mien"; Filename: "{app}\mien.exe"; Tasks: desktopicon; AppUserModelID: "org.mien.Mien"

[Registry]
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "Mien"; Flags: uninsdeletekey; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\shell\open\command"; ValueType: string; ValueData: """{app}\mien.exe"" ""%1"""; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\SupportedTypes"; ValueType: string; ValueName: ".jpg"; ValueData: ""; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\SupportedTypes"; ValueType: string; ValueName: ".jpeg"; ValueData: ""; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\SupportedTypes"; ValueType: string; ValueName: ".png"; ValueData: ""; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\SupportedTypes"; ValueType: string; ValueName: ".webp"; ValueData: ""; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\SupportedTypes"; ValueType: string; ValueName: ".tif"; ValueData: ""; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\SupportedTypes"; ValueType: string; ValueName: ".tiff"; ValueData: ""; Tasks: openwith
Root: HKA; Subkey: "Software\Classes\Applications\mien.exe\SupportedTypes"; ValueType: string; ValueName: ".bmp"; ValueData: ""; Tasks: openwith

[Run]
Filename: "{app}\mien.exe"; Description: "{cm:LaunchProgram,Mien}"; Flags: nowait postinstall skipifsilent

[Code]
function Hive(): Integer;
begin
  if IsAdminInstallMode then Result := HKEY_LOCAL_MACHINE else Result := HKEY_CURRENT_USER;
end;

function Key(): String;
begin
  if IsAdminInstallMode then
    Result := 'SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
  else
    Result := 'Environment';
end;

procedure CurStepChanged(CurStep: TSetupStep);
var
  Path: String;
begin
  if (CurStep <> ssPostInstall) or not WizardIsTaskSelected('path') then exit;
  if not RegQueryStringValue(Hive(), Key(), 'Path', Path) then Path := '';
  if Pos(';' + Lowercase(ExpandConstant('{app}')) + ';', ';' + Lowercase(Path) + ';') > 0 then exit;
  if (Path <> '') and (Path[Length(Path)] <> ';') then Path := Path + ';';
  RegWriteExpandStringValue(Hive(), Key(), 'Path', Path + ExpandConstant('{app}'));
end;

procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
var
  Path: String;
  At: Integer;
begin
  if CurUninstallStep <> usUninstall then exit;
  if not RegQueryStringValue(Hive(), Key(), 'Path', Path) then exit;
  At := Pos(';' + Lowercase(ExpandConstant('{app}')) + ';', ';' + Lowercase(Path) + ';');
  if At = 0 then exit;
  Path := ';' + Path + ';';
  Delete(Path, At, Length(ExpandConstant('{app}')) + 1);
  Path := Copy(Path, 2, Length(Path) - 2);
  RegWriteExpandStringValue(Hive(), Key(), 'Path', Path);
end;
