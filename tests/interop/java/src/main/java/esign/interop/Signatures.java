package esign.interop;

import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.diagnostic.jaxb.XmlObjectModification;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonCertificateSource;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.spi.x509.revocation.ocsp.ExternalResourcesOCSPSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * What EU DSS says of the signatures of a PDF, with its own default policy, and without any network: what is not in the
 * file comes from the material's folder, {@code anchors/}, {@code certificates/}, {@code crls/} and {@code ocsps/} (DER).
 */
final class Signatures {
    private static final Map<Path, Material> MATERIALS = new ConcurrentHashMap<>();

    private Signatures() {}

    static Map<String, Object> read(Path file, Path folder) {
        Material material = MATERIALS.computeIfAbsent(folder, Material::of);
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(file.toFile()));
        validator.setCertificateVerifier(material.verifier());
        Reports reports = validator.validateDocument();
        SimpleReport simple = reports.getSimpleReport();
        DiagnosticData diagnostic = reports.getDiagnosticData();
        List<Map<String, Object>> signatures = new ArrayList<>();
        for (String id : simple.getSignatureIdList()) {
            signatures.add(signature(id, simple, diagnostic.getSignatureById(id)));
        }
        List<Map<String, Object>> timestamps = new ArrayList<>();
        for (TimestampWrapper timestamp : diagnostic.getTimestampList()) {
            Map<String, Object> told = verdict(timestamp.getId(), simple);
            told.put("type", timestamp.getType().name());
            timestamps.add(told);
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("signatures", signatures);
        answer.put("timestamps", timestamps);
        return answer;
    }

    private static Map<String, Object> signature(String id, SimpleReport simple, SignatureWrapper found) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("fields", found.getPDFRevision() == null ? List.of() : found.getPDFRevision().getSignatureFieldNames());
        told.put("level", String.valueOf(simple.getSignatureFormat(id)));
        told.putAll(verdict(id, simple));
        told.put("dictionary_consistent", found.isPdfSignatureDictionaryConsistent());
        told.put("modified", found.arePdfModificationsDetected());
        told.put("overlapping_pages", found.getPdfAnnotationsOverlapConcernedPages());
        told.put("different_pages", found.getPdfPageDifferenceConcernedPages());
        told.put("looking_different_pages", found.getPdfVisualDifferenceConcernedPages());
        told.put("undefined_changes", changes(found.getPdfUndefinedChanges()));
        told.put("annotation_changes", changes(found.getPdfAnnotationChanges()));
        told.put("filled", changes(found.getPdfSignatureOrFormFillChanges()));
        told.put("extended", changes(found.getPdfExtensionChanges()));
        return told;
    }

    private static Map<String, Object> verdict(String id, SimpleReport simple) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("indication", String.valueOf(simple.getIndication(id)));
        told.put("sub_indication", simple.getSubIndication(id) == null ? null : simple.getSubIndication(id).name());
        told.put("errors", sentences(simple.getAdESValidationErrors(id)));
        told.put("warnings", sentences(simple.getAdESValidationWarnings(id)));
        return told;
    }

    private static List<String> sentences(List<Message> messages) {
        return messages.stream().map(Message::getValue).toList();
    }

    private static List<String> changes(List<XmlObjectModification> modifications) {
        return modifications.stream().map(change -> change.getAction() + " " + change.getValue()).toList();
    }

    /** What is trusted and known without a network; sources are shared, each validation gets a verifier of its own. */
    private record Material(
            CommonTrustedCertificateSource anchors, CommonCertificateSource certificates,
            ExternalResourcesCRLSource crls, ExternalResourcesOCSPSource ocsps) {

        static Material of(Path folder) {
            CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
            files(folder.resolve("anchors")).forEach(file -> anchors.addCertificate(DSSUtils.loadCertificate(file.toFile())));
            CommonCertificateSource certificates = new CommonCertificateSource();
            files(folder.resolve("certificates"))
                    .forEach(file -> certificates.addCertificate(DSSUtils.loadCertificate(file.toFile())));
            return new Material(
                    anchors, certificates,
                    new ExternalResourcesCRLSource(documents(folder.resolve("crls"))),
                    new ExternalResourcesOCSPSource(documents(folder.resolve("ocsps"))));
        }

        CommonCertificateVerifier verifier() {
            CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
            verifier.setTrustedCertSources(anchors);
            verifier.setAdjunctCertSources(certificates);
            verifier.setCrlSource(crls);
            verifier.setOcspSource(ocsps);
            verifier.setAIASource(null);
            return verifier;
        }

        private static DSSDocument[] documents(Path folder) {
            return files(folder).stream().map(file -> new FileDocument(file.toFile())).toArray(DSSDocument[]::new);
        }

        private static List<Path> files(Path folder) {
            if (!Files.isDirectory(folder)) {
                return List.of();
            }
            try (Stream<Path> found = Files.list(folder)) {
                return found.sorted().toList();
            } catch (IOException thrown) {
                throw new UncheckedIOException(thrown);
            }
        }
    }
}
